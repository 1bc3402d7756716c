#include "worker/handlers/libpq.h"

#include "net/library.h"

namespace towline::handlers {
namespace {

constexpr const char* kLibrary = "libpq.so.5";

Result<Libpq> Load() {
  net::Library library(kLibrary);
  Libpq pq;
  library.Find("PQconnectStartParams", pq.connectStartParams);
  library.Find("PQconnectPoll", pq.connectPoll);
  library.Find("PQstatus", pq.status);
  library.Find("PQsocket", pq.socket);
  library.Find("PQerrorMessage", pq.errorMessage);
  library.Find("PQfinish", pq.finish);
  library.Find("PQsetnonblocking", pq.setnonblocking);
  library.Find("PQsendQueryParams", pq.sendQueryParams);
  library.Find("PQsetSingleRowMode", pq.setSingleRowMode);
  library.Find("PQflush", pq.flush);
  library.Find("PQconsumeInput", pq.consumeInput);
  library.Find("PQisBusy", pq.isBusy);
  library.Find("PQgetResult", pq.getResult);
  library.Find("PQresultStatus", pq.resultStatus);
  library.Find("PQresultErrorField", pq.resultErrorField);
  library.Find("PQntuples", pq.ntuples);
  library.Find("PQnfields", pq.nfields);
  library.Find("PQfname", pq.fname);
  library.Find("PQftype", pq.ftype);
  library.Find("PQgetisnull", pq.getisnull);
  library.Find("PQgetvalue", pq.getvalue);
  library.Find("PQgetlength", pq.getlength);
  library.Find("PQcmdTuples", pq.cmdTuples);
  library.Find("PQclear", pq.clear);
  library.Find("PQgetCancel", pq.getCancel);
  library.Find("PQcancel", pq.cancel);
  library.Find("PQfreeCancel", pq.freeCancel);
  const Status whole = library.Whole("PostgreSQL needs libpq", "libpq5");
  if (!whole) return whole.error();
  return pq;
}

}  // namespace

const Result<Libpq>& LoadLibpq() {
  static const Result<Libpq> loaded = Load();
  return loaded;
}

}  // namespace towline::handlers
