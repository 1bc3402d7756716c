#pragma once

#include <memory>

#include "orchestrator/api/https/exchange.h"
#include "orchestrator/api/service.h"

namespace towline::api::https {

// Large payloads, for workers: each has those of its tenant.
//
//   HEAD /v1/payloads/SHA256   200 and its content-length; 404 and `towline-stored`, how many bytes
//                              of an upload that broke off are there
//   GET  /v1/payloads/SHA256   the content; `range: bytes=FROM-` from there on (206)
//   PUT  /v1/payloads/SHA256   with `content-range: bytes FIRST-LAST/SIZE`, FIRST being what is
//                              stored: 201 when it is whole and its hash is right, 200 when it
//                              was there before, 202 and `towline-stored` when more is to come
//
// What has come of an upload stays when the connection breaks. Errors: OffsetMismatch (409, go on
// at `towline-stored`), Busy (409), ContentMismatch (400, from the beginning), QuotaExceeded (413),
// Towline.PayloadMissing (404), and those of Enrolment::Admit.
bool IsPayloadPath(const HttpCall& call);
std::unique_ptr<Exchange> BeginPayload(Service& service, const HttpCall& call);

}  // namespace towline::api::https
