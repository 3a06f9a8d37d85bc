package main

import (
	"sync"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// privileges are those that the user has not got; govmomi grants all to everybody.
type privileges struct {
	mu      sync.Mutex
	lacking map[lack]bool
}

// lack is a privilege that is missing on an object; everywhere if that is empty.
type lack struct{ privilege, object string }

type wantedPrivileges struct {
	// Object is the value of a reference.
	Lacking []struct {
		Privilege string `json:"privilege"`
		Object    string `json:"object"`
	} `json:"lacking"`
}

func (s *server) setPrivileges(wanted wantedPrivileges) error {
	lacking := map[lack]bool{}
	for _, one := range wanted.Lacking {
		lacking[lack{one.Privilege, one.Object}] = true
	}
	s.privileges.mu.Lock()
	defer s.privileges.mu.Unlock()
	s.privileges.lacking = lacking
	return nil
}

func (p *privileges) has(privilege string, on types.ManagedObjectReference) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.lacking[lack{privilege, ""}] && !p.lacking[lack{privilege, on.Value}]
}

func (s *server) hasPrivilegeOnEntities(c *call) soap.HasFault {
	req := c.request.(*types.HasPrivilegeOnEntities)
	res := &types.HasPrivilegeOnEntitiesResponse{}
	for _, entity := range req.Entity {
		told := types.EntityPrivilege{Entity: entity}
		for _, id := range req.PrivId {
			granted := s.privileges.has(id, entity)
			told.PrivAvailability = append(told.PrivAvailability, types.PrivilegeAvailability{PrivId: id, IsGranted: granted})
		}
		res.Returnval = append(res.Returnval, told)
	}
	return &methods.HasPrivilegeOnEntitiesBody{Res: res}
}
