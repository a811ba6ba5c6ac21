// Package catalogue holds what tenants have registered, compiled and live: event
// types and routing rules, one immutable snapshot a tenant, swapped whole when the
// database says that the tenant's revision has grown.
//
// It also owns the file that `signalbox apply` reads. It stores nothing itself.
package catalogue
