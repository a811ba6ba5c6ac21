//go:build race

package eventtype

// slack is for the race detector, and for machines that are busy with something else.
const slack = 40
