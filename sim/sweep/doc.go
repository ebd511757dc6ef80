// Package sweep runs a scenario over a grid of its fields: a study.
//
// Its parts, in the order in which a study passes them:
//
//	file --Parse--> Study --NewPlan--> Plan --Run, by any number of machines--> cells --Merge--> rows
//
// A cell is one combination of values. It runs every strategy in the same replications, so
// that strategies are compared paired, as everywhere else. A Plan numbers the cells and
// makes them one by one. Which machine runs a cell is decided by the cell's hash ([Shard]).
// Package cells stores them. [Merge] reads what is stored, in an order that depends on
// nothing but the cells, and refuses what does not belong together.
package sweep
