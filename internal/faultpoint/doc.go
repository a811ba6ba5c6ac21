// Package faultpoint names the places at which the crash test kills the process.
//
// In an ordinary build every call is an empty function that the compiler removes.
// Built with the tag faultpoints, the process reads SIGNALBOX_FAULTPOINT
// ("P3:40": at the fortieth time that P3 is reached) and ends itself there with
// SIGKILL, as a power cut would.
package faultpoint

// Point is a place on the road.
type Point string

// The places, in the road's order.
const (
	P0Parsed     Point = "P0" // request parsed, nothing done
	P1Inserted   Point = "P1" // rows inserted, transaction open
	P2CommitSent Point = "P2" // commit sent, reply not read
	P3Committed  Point = "P3" // committed, nothing started
	P4StartSent  Point = "P4" // start sent, reply not read
	P5Started    Point = "P5" // run id known, not saved
	P6Marked     Point = "P6" // saved, answer not written
)
