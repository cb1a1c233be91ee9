// Command dram makes, develops and serves web applications in Go.
//
//	dram new forum        write a new app and test it
//	dram dev forum        work on it: builds, restarts and reloads the browser
//	dram serve forum      build it and run it as in production
//	dram status forum     the processes that serve it
//	dram reload forum     build it again and move over without losing a request
//	dram stop forum       finish the requests in flight and end
//	dram routes forum     what the app answers
//	dram check forum      links, texts and pages that it names and does not have
//	dram doctor forum     what keeps it from building, running or reloading
//	dram migrate forum    bring its database up
//	dram bench load URL   load on a server, and what became of each request
//
// An app is a directory with a main package that calls runner.Main. Its own
// binary has the production commands itself (./forum serve), so that nothing
// but this one file has to be on a server; dram is what builds it.
package main
