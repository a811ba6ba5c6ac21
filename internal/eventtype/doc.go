// Package eventtype knows which pairs of type and operation a tenant has
// registered, and what to say to a sender who names another.
//
// It is pure: it works on what it is given and keeps nothing.
package eventtype
