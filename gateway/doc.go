// Package gateway says what a gateway does with one request, from the objects
// alone: which listener takes it, which route and rule decide, and to which
// Services it goes on, or with which status it is answered.
//
// It reads Gateways, GatewayClasses, routes and ReferenceGrants of the Gateway
// API (gateway-api v1.6.1 apis/v1), and Ingresses of networking.k8s.io/v1.
// Both become the same three things: a Gateway with listeners, routes with rules,
// and backends. What the specification leaves to an implementation is in the
// table of controllers.
//
// Nothing here knows of packets or policies: whether the client reaches the
// gateway's data plane, and the data plane the backend, is for package sim.
package gateway
