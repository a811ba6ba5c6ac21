//go:build !race

package routing_test

// raceFactor is how much slower the race detector makes things.
const raceFactor = 1
