// Package app wires everything together and is the only package that knows
// everyone. It can be embedded: New makes the parts, Start listens and returns,
// Stop takes down in the opposite order. Signals and flags are cmd's.
package app
