package main

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

const (
	envelopeStart = xml.Header + `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>`
	envelopeEnd = `</soapenv:Body></soapenv:Envelope>`
)

// asked is what a request wants, read without decoding the whole of it.
type asked struct {
	method string
	this   types.ManagedObjectReference
}

func readAsked(body []byte) (asked, bool) {
	var read struct {
		Body struct {
			Call struct {
				XMLName xml.Name
				This    types.ManagedObjectReference `xml:"_this"`
			} `xml:",any"`
		}
	}
	if err := xml.Unmarshal(body, &read); err != nil || read.Body.Call.XMLName.Local == "" {
		return asked{}, false
	}
	return asked{read.Body.Call.XMLName.Local, read.Body.Call.This}, true
}

// answer writes what a stand-in answers the way govmomi's simulator writes its own answers.
func answer(w http.ResponseWriter, body soap.HasFault) {
	if fault := body.Fault(); fault != nil {
		answerFault(w, fault)
		return
	}
	res := reflect.ValueOf(body).Elem().FieldByName("Res")
	start := xml.StartElement{Name: xml.Name{Space: "urn:vim25", Local: res.Elem().Type().Name()}}
	write(w, http.StatusOK, res.Interface(), start, "", "")
}

func answerFault(w http.ResponseWriter, fault *soap.Fault) {
	detail := fault.Detail.Fault
	kind := reflect.TypeOf(detail).Elem().Name()
	start := xml.StartElement{
		Name: xml.Name{Local: kind + "Fault"},
		Attr: []xml.Attr{
			{Name: xml.Name{Local: "xmlns"}, Value: "urn:vim25"},
			{Name: xml.Name{Local: "xsi:type"}, Value: kind},
		},
	}
	var text bytes.Buffer
	_ = xml.EscapeText(&text, []byte(fault.String))
	before := fmt.Sprintf(`<soapenv:Fault><faultcode>%s</faultcode><faultstring>%s</faultstring><detail>`, fault.Code, text.String())
	write(w, http.StatusInternalServerError, detail, start, before, `</detail></soapenv:Fault>`)
}

// answerTask says which task a method has started, whatever the method is.
func answerTask(w http.ResponseWriter, method string, task types.ManagedObjectReference) {
	start := xml.StartElement{Name: xml.Name{Space: "urn:vim25", Local: method + "Response"}}
	write(w, http.StatusOK, struct {
		Returnval types.ManagedObjectReference `xml:"returnval"`
	}{task}, start, "", "")
}

func write(w http.ResponseWriter, status int, value interface{}, start xml.StartElement, before, after string) {
	var out bytes.Buffer
	out.WriteString(envelopeStart + before)
	encoder := xml.NewEncoder(&out)
	if err := encoder.EncodeElement(value, start); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = encoder.Flush()
	out.WriteString(after + envelopeEnd)
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}
