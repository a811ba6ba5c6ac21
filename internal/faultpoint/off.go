//go:build !faultpoints

package faultpoint

// Hit does nothing in an ordinary build.
func Hit(Point) {}

// HitInTransaction does nothing in an ordinary build.
func HitInTransaction(Point, func()) {}

// HitSoon does nothing in an ordinary build.
func HitSoon(Point) {}
