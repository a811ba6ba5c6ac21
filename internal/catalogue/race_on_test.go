//go:build race

package catalogue_test

// raceFactor is how much slower the race detector makes things.
const raceFactor = 10
