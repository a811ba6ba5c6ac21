//go:build !race

package eventtype

// slack is for machines that are busy with something else.
const slack = 4
