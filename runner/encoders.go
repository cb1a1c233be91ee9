package runner

import (
	"bytes"
	"compress/gzip"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/dram-go/dram/framework/asset"
)

// brotliLevel is the highest that a deploy does not have to wait for: 11 gains
// a few per cent more and takes ten times as long.
const brotliLevel = 9

// encoders are what static files are compressed with when they are published.
func encoders() []asset.Encoder {
	return []asset.Encoder{
		{Coding: "br", Encode: reusing(func() resetter { return brotli.NewWriterLevel(nil, brotliLevel) })},
		{Coding: "zstd", Encode: zstandard()},
		{Coding: "gzip", Encode: reusing(func() resetter {
			w, _ := gzip.NewWriterLevel(nil, gzip.BestCompression) // a level that there is
			return w
		})},
	}
}

// resetter is a compressing writer that can be used again.
type resetter interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// reusing compresses with writers of a pool: each has tables that take longer
// to make than most files to compress.
func reusing(fresh func() resetter) func([]byte) ([]byte, error) {
	pool := sync.Pool{New: func() any { return fresh() }}
	return func(content []byte) ([]byte, error) {
		w := pool.Get().(resetter)
		defer pool.Put(w)
		var packed bytes.Buffer
		w.Reset(&packed)
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
		err := w.Close() // which writes the end
		return packed.Bytes(), err
	}
}

// zstandard compresses with one encoder, made when it is first used. Browsers
// decode windows up to 8 MiB (RFC 9659).
func zstandard() func([]byte) ([]byte, error) {
	encoder := sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(8<<20))
	})
	return func(content []byte) ([]byte, error) {
		e, err := encoder()
		if err != nil {
			return nil, err
		}
		return e.EncodeAll(content, nil), nil
	}
}
