package graph

// Resolver is the root of all resolvers.
type Resolver struct{ cfg Config }
