// Package secrets seals what is kept at rest and must not be read there: tenants'
// settings, and whatever else is secret in a row.
//
// A value is sealed by AES-256-GCM under one of a few keys, and bound to the place
// that it belongs to, so that it opens nowhere else. The package owns the keyring
// and its text; where sealed values are stored, and when they are sealed anew, is
// for others.
package secrets
