package metrics

import "runtime/metrics"

// WriteRuntime writes what the Go runtime knows of this process.
func WriteRuntime(w *Writer) {
	all := []struct{ source, name, kind, help string }{
		{"/sched/goroutines:goroutines", "dram_go_goroutines", Gauge, "Goroutines."},
		{"/sched/gomaxprocs:threads", "dram_go_maxprocs", Gauge, "Processors that Go code may use at once."},
		{"/memory/classes/heap/objects:bytes", "dram_go_heap_objects_bytes", Gauge, "Memory of live objects, and of dead ones not yet swept."},
		{"/memory/classes/total:bytes", "dram_go_memory_bytes", Gauge, "Memory that the runtime has mapped."},
		{"/gc/gomemlimit:bytes", "dram_go_memory_limit_bytes", Gauge, "GOMEMLIMIT."},
		{"/gc/cycles/total:gc-cycles", "dram_go_gc_cycles_total", Counter, "Garbage collections."},
		{"/gc/heap/allocs:bytes", "dram_go_allocated_bytes_total", Counter, "Bytes allocated on the heap."},
		{"/cpu/classes/gc/total:cpu-seconds", "dram_go_gc_cpu_seconds_total", Counter, "Processor time of the garbage collector, estimated."},
	}
	samples := make([]metrics.Sample, len(all))
	for i := range all {
		samples[i].Name = all[i].source
	}
	metrics.Read(samples)
	for i, s := range samples {
		switch s.Value.Kind() {
		case metrics.KindUint64:
			w.One(all[i].name, all[i].kind, all[i].help, float64(s.Value.Uint64()))
		case metrics.KindFloat64:
			w.One(all[i].name, all[i].kind, all[i].help, s.Value.Float64())
		}
	}
}
