package main

import (
	"fmt"
	"log"
	"reflect"
	"runtime/debug"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type work func() (types.AnyType, types.BaseMethodFault)

// startTask does work after the method that wants it has been answered, as a real server does. The task is changed with
// its lock held and in one go: a client that sees its end sees its result too.
func (s *server) startTask(entity mo.Reference, name string, do work) types.ManagedObjectReference {
	task := simulator.CreateTask(entity, name, nil)
	go func() {
		s.showTask(entity, task.Self)
		updateTask(task, types.PropertyChange{Name: "info.startTime", Val: time.Now()},
			types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateRunning})
		time.Sleep(s.taskDelay)
		result, fault := guarded(do)
		changes := []types.PropertyChange{{Name: "info.completeTime", Val: time.Now()}}
		if fault == nil {
			changes = append(changes, types.PropertyChange{Name: "info.result", Val: result},
				types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateSuccess})
		} else {
			told := types.LocalizedMethodFault{Fault: fault, LocalizedMessage: messageOf(fault)}
			changes = append(changes, types.PropertyChange{Name: "info.error", Val: told},
				types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateError})
		}
		updateTask(task, changes...)
	}()
	return task.Self
}

// mostRecent is how many tasks a machine tells of at most.
const mostRecent = 10

// showTask tells what is done with a machine, or with a snapshot of it.
func (s *server) showTask(entity mo.Reference, task types.ManagedObjectReference) {
	m := s.machines.of(entity.Reference())
	if m == nil {
		return
	}
	simulator.Map.WithLock(m.vm, func() {
		recent := append(append([]types.ManagedObjectReference{}, m.vm.RecentTask...), task)
		if len(recent) > mostRecent {
			recent = recent[len(recent)-mostRecent:]
		}
		simulator.Map.Update(m.vm, []types.PropertyChange{{Name: "recentTask", Val: recent}})
	})
}

// guarded turns a crash of govmomi's into the fault that a server tells when it has gone wrong.
func guarded(do work) (result types.AnyType, fault types.BaseMethodFault) {
	defer func() {
		if cause := recover(); cause != nil {
			log.Printf("a task has crashed: %v\n%s", cause, debug.Stack())
			fault = &types.SystemError{Reason: fmt.Sprint(cause)}
		}
	}()
	return do()
}

func updateTask(task *simulator.Task, changes ...types.PropertyChange) {
	simulator.Map.WithLock(task, func() { simulator.Map.Update(task, changes) })
}

// outcome is how a task of govmomi's, which are over when they are answered, has ended.
func outcome(body soap.HasFault) (types.AnyType, types.BaseMethodFault) {
	if fault := body.Fault(); fault != nil {
		return nil, fault.VimFault().(types.BaseMethodFault)
	}
	ref := reflect.ValueOf(body).Elem().FieldByName("Res").Elem().FieldByName("Returnval").Interface()
	task := simulator.Map.Get(ref.(types.ManagedObjectReference)).(*simulator.Task)
	if task.Info.Error != nil {
		return nil, task.Info.Error.Fault
	}
	return task.Info.Result, nil
}

func messageOf(fault types.BaseMethodFault) string {
	switch f := fault.(type) {
	case *types.InvalidPowerState:
		return fmt.Sprintf("The attempted operation cannot be performed in the current state (%s).", f.ExistingState)
	case *types.FileFault:
		return fmt.Sprintf("Error caused by file %s", f.File)
	}
	return reflect.TypeOf(fault).Elem().Name()
}

// context is how this program calls the methods of an object of govmomi's, whose lock it holds.
func context(holder types.ManagedObjectReference) *simulator.Context {
	return &simulator.Context{Map: simulator.Map, Context: background, Session: ownSession, Caller: &holder}
}
