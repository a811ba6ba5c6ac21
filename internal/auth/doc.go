// Package auth says who is calling, and makes what they call with.
//
// The Authenticator turns the value of an Authorization header into a principal: an
// API key of Signalbox's own, or a JSON Web Token of the one configured issuer. Keys
// and Tenants make and change keys and tenants, and hold whoever asks for it to what
// they may hand on.
//
// It does not decide what a principal may do with events, types and rules, knows no
// HTTP but the issuer's, and no SQL: keys are kept by a store that it knows by a
// small interface. A credential is in no error and no log line of this package.
package auth
