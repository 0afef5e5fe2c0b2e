include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../modules//cluster"
}

inputs = {
  enable_cilium_mesh_auth = false
  open_namespaces         = ["argocd", "kyverno"]
  isolated_namespaces = [
    "apim",
    "azure-auth-gateway",
    "azure-entraid-sim",
    "dev",
    "nginx-gateway",
    "uat",
  ]
}
