#pragma once

// libpq, loaded at the first query of a PostgreSQL connection: it brings Kerberos and LDAP along,
// and most agents never need it.

#include <libpq-fe.h>

#include "statemachines/base/result.h"

namespace towline::handlers {

// The functions that we use, under their own names without "PQ".
struct Libpq {
  decltype(&PQconnectStartParams) connectStartParams = nullptr;
  decltype(&PQconnectPoll) connectPoll = nullptr;
  decltype(&PQstatus) status = nullptr;
  decltype(&PQsocket) socket = nullptr;
  decltype(&PQerrorMessage) errorMessage = nullptr;
  decltype(&PQfinish) finish = nullptr;
  decltype(&PQsetnonblocking) setnonblocking = nullptr;
  decltype(&PQsendQueryParams) sendQueryParams = nullptr;
  decltype(&PQsetSingleRowMode) setSingleRowMode = nullptr;
  decltype(&PQflush) flush = nullptr;
  decltype(&PQconsumeInput) consumeInput = nullptr;
  decltype(&PQisBusy) isBusy = nullptr;
  decltype(&PQgetResult) getResult = nullptr;
  decltype(&PQresultStatus) resultStatus = nullptr;
  decltype(&PQresultErrorField) resultErrorField = nullptr;
  decltype(&PQntuples) ntuples = nullptr;
  decltype(&PQnfields) nfields = nullptr;
  decltype(&PQfname) fname = nullptr;
  decltype(&PQftype) ftype = nullptr;
  decltype(&PQgetisnull) getisnull = nullptr;
  decltype(&PQgetvalue) getvalue = nullptr;
  decltype(&PQgetlength) getlength = nullptr;
  decltype(&PQcmdTuples) cmdTuples = nullptr;
  decltype(&PQclear) clear = nullptr;
  decltype(&PQgetCancel) getCancel = nullptr;
  decltype(&PQcancel) cancel = nullptr;
  decltype(&PQfreeCancel) freeCancel = nullptr;
};

// Loads it at the first call; the same for all threads and for ever. Error: it is not installed.
const Result<Libpq>& LoadLibpq();

}  // namespace towline::handlers
