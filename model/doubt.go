package model

// Doubt says that something may make or change a policy, or what policies
// select, and that files do not tell whether, or how. A verdict that it could
// touch is undetermined.
type Doubt struct {
	// Origin is who may do so.
	Origin Origin
	// Namespaces are those whose pods it could be about; nil for all.
	Namespaces []string
	// Nodes is true where it could be about nodes, too.
	Nodes bool
	// Labels is true where it could change what the pods are, and not only
	// what is allowed to them: it then matters at either end of a connection.
	Labels bool
	// Why says what may happen and why that is not known, as part of a
	// sentence.
	Why string
}
