variable "cilium_version" {
  type = string
}

variable "enable_cilium_mesh_auth" {
  description = "Whether Cilium installs SPIRE and authenticates where a policy asks for it."
  type        = bool
  default     = false
}

variable "open_namespaces" {
  type    = set(string)
  default = []
}

variable "isolated_namespaces" {
  description = "Namespaces for which Kyverno generates a default deny."
  type        = set(string)
  default     = []
}
