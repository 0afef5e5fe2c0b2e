// Package terraform reads what Terraform and Terragrunt would install: the values
// and version of Cilium's chart, charts that lie under -f, namespaces and their
// labels, manifests, and kind clusters.
//
// Expressions are evaluated by HCL itself (github.com/hashicorp/hcl/v2), with
// what the files decide: literals, locals, defaults of variables, terraform.tfvars,
// *.auto.tfvars, terragrunt inputs and the files of --tfvars. What hangs on
// anything else (a data source, another resource, a variable without a value) is
// unknown, never guessed: an Issue names it, and all around it is read.
//
// A value alone has no line. So each text that comes out is followed back to
// where a person wrote it (place): through locals, variables, merge and yamlencode
// to the line of the key.
package terraform
