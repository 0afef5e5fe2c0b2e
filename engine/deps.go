package engine

import (
	_ "github.com/cilium/cilium/pkg/envoy/policy"
	_ "github.com/cilium/cilium/pkg/k8s"
	_ "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	_ "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2/validator"
	_ "github.com/cilium/cilium/pkg/labelsfilter"
	_ "github.com/cilium/cilium/pkg/policy"
	_ "github.com/cilium/cilium/pkg/policy/api"
	_ "github.com/cilium/cilium/pkg/policy/utils"
	_ "github.com/cilium/cilium/pkg/policy/testutils"
)
