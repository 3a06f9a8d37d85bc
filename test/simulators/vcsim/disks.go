package main

import (
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync"
	"syscall"
)

// grain is the unit in which layers hold data and changes are tracked.
const grain = 64 * 1024

const (
	seekData = 3
	seekHole = 4
)

// layer is one file of a disk's chain. The first holds the whole disk; each other one holds what was written since the
// one below it was frozen.
type layer struct {
	// name is the descriptor's, as `[datastore] folder/disk.vmdk`.
	name string
	// descriptor and data are paths of this machine.
	descriptor string
	data       string
	// grains says which ones are here; nil for the first layer, which has them all.
	grains map[int64]bool
}

type disk struct {
	mu     sync.RWMutex
	key    int32
	size   int64
	layers []*layer
	track  *tracking
}

func dataFileOf(descriptor string, delta bool) string {
	kind := "-flat.vmdk"
	if delta {
		kind = "-delta.vmdk"
	}
	return strings.TrimSuffix(descriptor, ".vmdk") + kind
}

// ensureFiles makes what govmomi leaves empty what ESXi would have made.
func (l *layer) ensureFiles(size int64) error {
	if stat, err := os.Stat(l.data); err == nil && stat.Size() == 0 {
		if err := os.Truncate(l.data, size); err != nil {
			return err
		}
	}
	if stat, err := os.Stat(l.descriptor); err == nil && stat.Size() == 0 {
		return os.WriteFile(l.descriptor, []byte(flatDescriptor(l.data, size)), 0o600)
	}
	return nil
}

func (d *disk) top() *layer { return d.layers[len(d.layers)-1] }

func (d *disk) indexOf(l *layer) int {
	for i := range d.layers {
		if d.layers[i] == l {
			return i
		}
	}
	return -1
}

// write is what the guest does: whole grains are brought up from the layers below first.
func (d *disk) write(offset int64, data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if offset < 0 || offset > d.size || int64(len(data)) > d.size-offset {
		return fmt.Errorf("%d bytes at %d are not within %d", len(data), offset, d.size)
	}
	if len(data) == 0 {
		return nil
	}
	top := d.top()
	file, err := os.OpenFile(top.data, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	last := (offset + int64(len(data)) - 1) / grain
	for g := offset / grain; g <= last; g++ {
		if top.grains != nil && !top.grains[g] {
			if err := d.bringUp(g, file); err != nil {
				return err
			}
			top.grains[g] = true
		}
		if d.track != nil {
			d.track.note(g)
		}
	}
	_, err = file.WriteAt(data, offset)
	return err
}

func (d *disk) bringUp(g int64, into *os.File) error {
	for i := len(d.layers) - 2; i >= 0; i-- {
		if below := d.layers[i]; below.grains == nil || below.grains[g] {
			return copyGrain(below.data, into, g, d.size)
		}
	}
	return nil
}

func copyGrain(from string, into *os.File, g, size int64) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	length := int64(grain)
	if rest := size - g*grain; rest < length {
		length = rest
	}
	piece := make([]byte, length)
	if _, err := source.ReadAt(piece, g*grain); err != nil && err != io.EOF {
		return err
	}
	_, err = into.WriteAt(piece, g*grain)
	return err
}

// freeze ends the topmost layer and begins the next one.
func (d *disk) freeze(next *layer) error {
	below := d.top()
	data, err := os.Create(next.data)
	if err != nil {
		return err
	}
	defer data.Close()
	if err := data.Truncate(d.size); err != nil {
		return err
	}
	text := deltaDescriptor(next.data, below.descriptor, d.size)
	if err := os.WriteFile(next.descriptor, []byte(text), 0o600); err != nil {
		return err
	}
	next.grains = map[int64]bool{}
	d.layers = append(d.layers, next)
	return nil
}

// consolidate writes the layer above a frozen one into it, and tells which one is gone.
func (d *disk) consolidate(frozen *layer) (*layer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.indexOf(frozen)
	above := d.layers[at+1]
	into, err := os.OpenFile(frozen.data, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer into.Close()
	for g := range above.grains {
		if err := copyGrain(above.data, into, g, d.size); err != nil {
			return nil, err
		}
		if frozen.grains != nil {
			frozen.grains[g] = true
		}
	}
	d.layers = append(d.layers[:at+1:at+1], d.layers[at+2:]...)
	_ = os.Remove(above.data)
	_ = os.Remove(above.descriptor)
	return above, nil
}

// allocated lists the grains that hold data up to and with a layer, in order.
func (d *disk) allocated(through *layer) ([]int64, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	found := map[int64]bool{}
	for _, l := range d.layers[:d.indexOf(through)+1] {
		if l.grains == nil {
			if err := dataGrains(l.data, found); err != nil {
				return nil, err
			}
		}
		for g := range l.grains {
			found[g] = true
		}
	}
	return inOrder(found), nil
}

func dataGrains(path string, found map[int64]bool) error {
	return eachExtent(path, func(_ *os.File, start, end int64) error {
		for g := start / grain; g*grain < end; g++ {
			found[g] = true
		}
		return nil
	})
}

func inOrder(grains map[int64]bool) []int64 {
	sorted := make([]int64, 0, len(grains))
	for g := range grains {
		sorted = append(sorted, g)
	}
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	return sorted
}

// eachExtent visits what a sparse file has data for.
func eachExtent(path string, visit func(file *os.File, start, end int64) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for at := int64(0); ; {
		start, err := syscall.Seek(int(file.Fd()), at, seekData)
		if err == syscall.ENXIO {
			return nil
		}
		if err != nil {
			return err
		}
		end, err := syscall.Seek(int(file.Fd()), start, seekHole)
		if err != nil {
			return err
		}
		if err := visit(file, start, end); err != nil {
			return err
		}
		at = end
	}
}

// flatten gives a file with the content up to and with a layer, and what takes it away again.
func (d *disk) flatten(through *layer) (string, func(), error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	chain := d.layers[:d.indexOf(through)+1]
	if len(chain) == 1 {
		return chain[0].data, func() {}, nil
	}
	merged, err := os.CreateTemp("", "merged-*.raw")
	if err != nil {
		return "", nil, err
	}
	defer merged.Close()
	remove := func() { _ = os.Remove(merged.Name()) }
	if err := d.mergeInto(merged, chain); err != nil {
		remove()
		return "", nil, err
	}
	return merged.Name(), remove, nil
}

func (d *disk) mergeInto(merged *os.File, chain []*layer) error {
	if err := merged.Truncate(d.size); err != nil {
		return err
	}
	err := eachExtent(chain[0].data, func(file *os.File, start, end int64) error {
		if _, err := merged.Seek(start, io.SeekStart); err != nil {
			return err
		}
		_, err := io.Copy(merged, io.NewSectionReader(file, start, end-start))
		return err
	})
	if err != nil {
		return err
	}
	for _, l := range chain[1:] {
		for g := range l.grains {
			if err := copyGrain(l.data, merged, g, d.size); err != nil {
				return err
			}
		}
	}
	return nil
}
