package main

import (
	"net/http"
	"sync"
	"time"
)

// transfers counts what is being sent by each host, and breaks or slows it as the faults say.
type transfers struct {
	mu     sync.Mutex
	faults *faults
	hosts  map[string]*load
}

type load struct {
	Current int `json:"current"`
	Largest int `json:"largest"`
	// LargestDisks counts a disk once, however many parts of it are sent at a time.
	LargestDisks int `json:"largestDisks"`
	disks        map[string]int
}

type transfer struct {
	all   *transfers
	host  string
	path  string
	cut   *fault
	slow  *fault
	flip  *fault
	sent  int64
	ended <-chan struct{}
}

// begin notes that a host has begun to send a file, and takes the faults that wait for such a transfer.
func (t *transfers) begin(kind, path, host string) *transfer {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.hosts[host] == nil {
		t.hosts[host] = &load{disks: map[string]int{}}
	}
	at := t.hosts[host]
	at.Current++
	if at.Current > at.Largest {
		at.Largest = at.Current
	}
	at.disks[path]++
	if len(at.disks) > at.LargestDisks {
		at.LargestDisks = len(at.disks)
	}
	return &transfer{
		all:  t,
		host: host,
		path: path,
		cut:  t.faults.takeTransfer("cut", kind, path),
		slow: t.faults.takeTransfer("slow", kind, path),
		flip: t.faults.takeTransfer("flip", kind, path),
	}
}

func (t *transfer) end() {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	at := t.all.hosts[t.host]
	at.Current--
	if at.disks[t.path]--; at.disks[t.path] == 0 {
		delete(at.disks, t.path)
	}
}

func (t *transfers) loads() map[string]load {
	t.mu.Lock()
	defer t.mu.Unlock()
	told := map[string]load{}
	for host, at := range t.hosts {
		told[host] = *at
	}
	return told
}

// through gives a writer that breaks the connection where a fault says so, or when the lease is over.
func (t *transfer) through(w http.ResponseWriter) http.ResponseWriter {
	return &cutWriter{ResponseWriter: w, transfer: t}
}

type cutWriter struct {
	http.ResponseWriter
	transfer *transfer
}

func (w *cutWriter) Write(piece []byte) (int, error) {
	t := w.transfer
	select {
	case <-t.ended:
		panic(http.ErrAbortHandler)
	default:
	}
	if t.slow != nil {
		if t.sent == 0 {
			time.Sleep(time.Duration(t.slow.Ms) * time.Millisecond)
		}
		if t.slow.BytesPerSecond > 0 {
			time.Sleep(time.Duration(float64(len(piece)) / float64(t.slow.BytesPerSecond) * float64(time.Second)))
		}
	}
	if t.cut != nil && t.sent+int64(len(piece)) > t.cut.AfterBytes {
		_, _ = w.ResponseWriter.Write(piece[:t.cut.AfterBytes-t.sent])
		if flusher, ok := w.ResponseWriter.(http.Flusher); ok {
			flusher.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	if at := t.sent; t.flip != nil && t.flip.AfterBytes >= at && t.flip.AfterBytes < at+int64(len(piece)) {
		piece = append([]byte(nil), piece...)
		piece[t.flip.AfterBytes-at] ^= 1
	}
	t.sent += int64(len(piece))
	return w.ResponseWriter.Write(piece)
}
