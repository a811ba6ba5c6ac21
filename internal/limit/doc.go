// Package limit keeps callers within what they may ask for: how many events a
// second, how many sends at once, how large. It knows whose limits apply and which
// of them is the least, and how what is scarce is shared between tenants.
//
// It does not know what is being sent or asked for, and it waits for nobody: it
// answers at once, with nil or with the error that the caller gets. What it keeps is
// this process's; several replicas each allow their own.
package limit
