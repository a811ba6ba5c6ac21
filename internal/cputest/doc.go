// Package cputest says what code takes of a processor, for tests that bound it. On a
// machine that others share, the time that passes says little of the code.
package cputest
