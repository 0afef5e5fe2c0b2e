package crd

// kind is a kind of object and the schema that an API server holds it to.
type kind struct {
	name string
	// schema is a key of schemas.json.
	schema string
}

// kinds are the kinds that can be validated. The CRDs of the two policy kinds
// differ in nothing but descriptions, which a test keeps an eye on.
func kinds() []kind {
	return []kind{
		{"CiliumNetworkPolicy", "NetworkPolicy"},
		{"CiliumClusterwideNetworkPolicy", "NetworkPolicy"},
		{"CiliumCIDRGroup", "CIDRGroup"},
		{"ClusterNetworkPolicy", "ClusterNetworkPolicy"},
	}
}
