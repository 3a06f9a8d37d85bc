package main

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// fault is what a test wants to go wrong; README.md tells what each kind does.
type fault struct {
	Kind           string `json:"kind"`
	Method         string `json:"method"`
	Transfer       string `json:"transfer"`
	Path           string `json:"path"`
	Fault          string `json:"fault"`
	Message        string `json:"message"`
	InTask         bool   `json:"inTask"`
	Status         int    `json:"status"`
	AfterBytes     int64  `json:"afterBytes"`
	BytesPerSecond int64  `json:"bytesPerSecond"`
	Ms             int    `json:"ms"`
	VM             string `json:"vm"`
	Skip           int    `json:"skip"`
	Times          int    `json:"times"`
}

// faults are those that wait for a call or a transfer.
type faults struct {
	mu      sync.Mutex
	waiting []*fault
}

func (f *faults) add(one fault) error {
	switch one.Kind {
	case "cut", "slow", "flip", "fail", "hangUp", "status":
	default:
		return fmt.Errorf("unknown kind %q", one.Kind)
	}
	if one.Kind == "fail" {
		if _, err := vimFault(one.Fault); err != nil {
			return err
		}
	}
	if one.Times == 0 {
		one.Times = 1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = append(f.waiting, &one)
	return nil
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = nil
}

// take gives the first fault that fits, and counts down how often it does so; a negative count has no end.
func (f *faults) take(fits func(*fault) bool) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, one := range f.waiting {
		if !fits(one) {
			continue
		}
		if one.Skip > 0 {
			one.Skip--
			continue
		}
		if one.Times--; one.Times == 0 {
			f.waiting = append(f.waiting[:i:i], f.waiting[i+1:]...)
		}
		return one
	}
	return nil
}

func (f *faults) takeCall(kind, method string) *fault {
	return f.take(func(one *fault) bool { return one.Kind == kind && one.Method == method })
}

func (f *faults) takeTransfer(kind, transfer, path string) *fault {
	return f.take(func(one *fault) bool {
		return one.Kind == kind && one.Transfer == transfer && strings.Contains(path, one.Path)
	})
}

// vimFault makes a fault of the API by its name, with no properties.
func vimFault(name string) (types.BaseMethodFault, error) {
	kind, ok := types.TypeFunc()(name)
	if ok {
		if made, isFault := reflect.New(kind).Interface().(types.BaseMethodFault); isFault {
			return made, nil
		}
	}
	return nil, fmt.Errorf("%q is no fault of the vSphere API", name)
}

func pause(ms int) { time.Sleep(time.Duration(ms) * time.Millisecond) }
