package main

import (
	"sync"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// page is what a client has still to fetch with a token.
type page struct {
	max  int
	rest []types.ObjectContent
}

var (
	pages   sync.Map
	pageCap int
)

// PropertyCollector cuts answers into pages, which govmomi's does not. Its fields are exported and it is copied by
// reflection, one for each session, so it keeps no state of its own.
type PropertyCollector struct{ simulator.PropertyCollector }

func cutPage(max int, objects []types.ObjectContent) (head []types.ObjectContent, token string) {
	if max <= 0 || len(objects) <= max {
		return objects, ""
	}
	token = uuid.New().String()
	pages.Store(token, page{max, objects[max:]})
	return objects[:max], token
}

// RetrievePropertiesEx keeps to maxObjects, and to the cap that a vCenter has of its own.
func (pc *PropertyCollector) RetrievePropertiesEx(ctx *simulator.Context, r *types.RetrievePropertiesEx) soap.HasFault {
	res := pc.PropertyCollector.RetrievePropertiesEx(ctx, r)
	if body, ok := res.(*methods.RetrievePropertiesExBody); ok && body.Res != nil && body.Res.Returnval != nil {
		max := int(r.Options.MaxObjects)
		if pageCap > 0 && (max <= 0 || max > pageCap) {
			max = pageCap
		}
		found := body.Res.Returnval
		found.Objects, found.Token = cutPage(max, found.Objects)
	}
	return res
}

// ContinueRetrievePropertiesEx gives the next page of a token, which is good once.
func (pc *PropertyCollector) ContinueRetrievePropertiesEx(r *types.ContinueRetrievePropertiesEx) soap.HasFault {
	body := &methods.ContinueRetrievePropertiesExBody{}
	kept, ok := pages.LoadAndDelete(r.Token)
	if !ok {
		body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "token"})
		return body
	}
	next := kept.(page)
	body.Res = &types.ContinueRetrievePropertiesExResponse{}
	body.Res.Returnval.Objects, body.Res.Returnval.Token = cutPage(next.max, next.rest)
	return body
}

// CancelRetrievePropertiesEx forgets the rest.
func (pc *PropertyCollector) CancelRetrievePropertiesEx(r *types.CancelRetrievePropertiesEx) soap.HasFault {
	pages.Delete(r.Token)
	return &methods.CancelRetrievePropertiesExBody{Res: &types.CancelRetrievePropertiesExResponse{}}
}
