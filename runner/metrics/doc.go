// Package metrics writes, reads and merges figures in the text format of
// Prometheus (exposition format 0.0.4).
//
// A tree has many processes, and each counts for itself; whoever asks wants one
// answer that does not fall when one of them ends. So a [Writer] puts the figures
// of a process into text, and a [Book] keeps the last text of each living process
// and the sum of what the dead have counted. What grows only (counters,
// histograms, the sums and counts of summaries) is added up over all of them.
// What goes up and down (gauges, untyped figures, quantiles) belongs to a process
// and gets the label process.
//
// The format is small and apps should not grow by a library for it; the tests of
// the module promlint compare with the one of Prometheus itself.
package metrics
