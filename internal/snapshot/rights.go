package snapshot

import (
	"fmt"
	"io"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/internal/manifest"
)

// rightsName is that of the roles and their bindings.
const rightsName = "netsim-snapshot"

// WriteRights writes the RBAC that a snapshot with these further ConfigMaps needs,
// as YAML for kubectl apply: a ClusterRole that may list what is read, a Role in
// each namespace that may get ConfigMaps by name, and their bindings to somebody
// (ParseSubject). Discovery needs what every user has (system:discovery).
func WriteRights(w io.Writer, who rbacv1.Subject, more []ConfigMap) error {
	objects := []any{clusterRole(), clusterBinding(who)}
	byNamespace := map[string][]string{}
	var namespaces []string
	for _, m := range wanted(more) {
		if byNamespace[m.Namespace] == nil {
			namespaces = append(namespaces, m.Namespace)
		}
		byNamespace[m.Namespace] = append(byNamespace[m.Namespace], m.Name)
	}
	slices.Sort(namespaces)
	for _, namespace := range namespaces {
		objects = append(objects, role(namespace, byNamespace[namespace]), binding(namespace, who))
	}
	for i, object := range objects {
		text, err := yaml.Marshal(object)
		if err != nil {
			return err
		}
		if i > 0 {
			text = append([]byte("---\n"), text...)
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func clusterRole() *rbacv1.ClusterRole {
	role := &rbacv1.ClusterRole{TypeMeta: rbacType("ClusterRole"), ObjectMeta: metav1.ObjectMeta{Name: rightsName}}
	byGroup := map[string]int{}
	for _, k := range manifest.ServedKinds() {
		at, known := byGroup[k.Group]
		if !known {
			at = len(role.Rules)
			byGroup[k.Group] = at
			role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: []string{k.Group}, Verbs: []string{"list"}})
		}
		role.Rules[at].Resources = append(role.Rules[at].Resources, manifest.Resource(k.Kind))
	}
	return role
}

func role(namespace string, configMaps []string) *rbacv1.Role {
	return &rbacv1.Role{
		TypeMeta: rbacType("Role"), ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: rightsName},
		Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: configMaps, Verbs: []string{"get"}}},
	}
}

func clusterBinding(who rbacv1.Subject) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		TypeMeta: rbacType("ClusterRoleBinding"), ObjectMeta: metav1.ObjectMeta{Name: rightsName},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: rightsName}, Subjects: []rbacv1.Subject{who},
	}
}

func binding(namespace string, who rbacv1.Subject) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		TypeMeta: rbacType("RoleBinding"), ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: rightsName},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: rightsName}, Subjects: []rbacv1.Subject{who},
	}
}

func rbacType(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
}

// ParseSubject reads user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME.
func ParseSubject(text string) (rbacv1.Subject, error) {
	kind, name, _ := strings.Cut(text, ":")
	namespace, account, both := strings.Cut(name, "/")
	switch {
	case name == "":
	case kind == "user":
		return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}, nil
	case kind == "group":
		return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: name}, nil
	case kind == "serviceaccount" && both && namespace != "" && account != "":
		return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account}, nil
	}
	return rbacv1.Subject{}, fmt.Errorf("%q: want user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME", text)
}
