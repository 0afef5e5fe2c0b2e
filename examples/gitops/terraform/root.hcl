# What all clusters have in common.
inputs = {
  cilium_version = "1.18.4"
}
