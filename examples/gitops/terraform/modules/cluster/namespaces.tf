resource "kubectl_manifest" "open" {
  for_each  = var.open_namespaces
  yaml_body = <<-YAML
    apiVersion: v1
    kind: Namespace
    metadata:
      name: ${each.key}
  YAML
}

# The label makes Kyverno generate the default deny (cluster-policies/kyverno), and
# is in no other file.
resource "kubectl_manifest" "isolated" {
  for_each  = var.isolated_namespaces
  yaml_body = <<-YAML
    apiVersion: v1
    kind: Namespace
    metadata:
      name: ${each.key}
      labels:
        kyverno.io/isolate: "true"
  YAML
}
