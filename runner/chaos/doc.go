// Package chaos has no code of its own: its tests run whole trees of
// processes, do to them what happens to servers, and judge by the load tool's
// ledger what became of the requests meanwhile.
//
//	go test ./runner/chaos     the short forms, part of make test
//	make chaos                 the long forms, with a table at the end
//	make chaos SEED=7 RUN=^TestKilledWorkers$
//
// Each scenario names what it may cost. Without such words that is nothing: no
// request is lost, none is carried out twice, none is answered with 5xx. What
// chance decides comes from a seed, which a failed test prints.
//
// The app that is served is this test binary itself, without the race
// detector; the load that judges it has it.
package chaos
