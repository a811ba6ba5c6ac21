//go:build race

package payload_test

const raceDetector = true
