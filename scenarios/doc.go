// Package scenarios reads scenario files: a workload, the deployments it is
// sent to, the fleet that sends it, what goes wrong meanwhile, and the
// strategies to compare.
//
// [Load] finds a file or one of the embedded scenarios, [Parse] turns its text
// into a [Spec] in which every name is resolved and every number is in range:
//
//	text  --parseTree-->  tree  --Options-->  tree  --decoder-->  Spec
//
// The tree (node) is a subset of YAML. Scalars are text until a field says what
// they mean, so that 8/s, 20% and 90s need no quotes and "no" is not a boolean.
// Anchors, tags and second documents are refused. Every node knows where it was
// written. Flags change the tree and not the Spec, and their nodes know which flag
// they are from. So a flag passes the same checks as the file, with the same
// messages.
//
// The decoder reads the tree with a cursor. Each mapping is a table of fields,
// each field a reader with its range:
//
//	c.mapping(
//		may("instances", count(&f.Instances, 1, maxInstances)),
//		may("timeout", duration(&f.Timeout, time.Millisecond, 24*time.Hour)),
//	)
//
// A reader that fails reports file, line, column, field and what is allowed. Then
// reading goes on, so that all errors of a file are reported at once ([Errors]).
package scenarios
