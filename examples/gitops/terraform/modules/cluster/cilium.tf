locals {
  # kind keeps its kube-proxy, and pods' addresses are routed without a tunnel.
  cilium_values_base = {
    kubeProxyReplacement  = false
    routingMode           = "native"
    autoDirectNodeRoutes  = true
    ipv4NativeRoutingCIDR = "10.244.0.0/16"
    ipam                  = { mode = "kubernetes" }
    cni                   = { exclusive = true }
    hubble                = { enabled = true }
  }
  cilium_values_mesh_auth = {
    authentication = {
      enabled = var.enable_cilium_mesh_auth
      mutual = {
        spire = {
          enabled = var.enable_cilium_mesh_auth
          install = { enabled = var.enable_cilium_mesh_auth }
        }
      }
    }
  }
}

resource "helm_release" "cilium" {
  name       = "cilium"
  namespace  = "kube-system"
  repository = "https://helm.cilium.io"
  chart      = "cilium"
  version    = var.cilium_version
  values     = [yamlencode(merge(local.cilium_values_base, local.cilium_values_mesh_auth))]
}
