// Package eventtype knows which pairs of type and operation a tenant has
// registered, what their payloads may look like, and what to say to a sender who
// names another or sends something else.
//
// A schema is the tenant's input and is held to be hostile: what it can cost is
// bounded when it is compiled (CompileSchema), and what a payload can cost under it
// before that is validated. What may be said of payloads is here too: breaches name
// places and kinds, never values.
//
// It is pure: it works on what it is given and keeps nothing.
package eventtype
