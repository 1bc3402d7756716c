#include "worker/handlers/libpq.h"

#include <dlfcn.h>

#include <string>
#include <type_traits>

namespace towline::handlers {
namespace {

constexpr const char* kLibrary = "libpq.so.5";

Error CannotLoad() {
  const char* const reason = dlerror();
  return {Error::Code::kFailedPrecondition, std::string("PostgreSQL needs libpq: ") +
                                                (reason != nullptr ? reason : kLibrary) +
                                                "; install the package libpq5"};
}

Result<Libpq> Load() {
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);  // stays until the process ends
  if (library == nullptr) return CannotLoad();
  Libpq pq;
  bool whole = true;
  const auto find = [&](const char* name, auto& function) {
    void* const found = dlsym(library, name);
    whole = whole && found != nullptr;
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(found);
  };
  find("PQconnectStartParams", pq.connectStartParams);
  find("PQconnectPoll", pq.connectPoll);
  find("PQstatus", pq.status);
  find("PQsocket", pq.socket);
  find("PQerrorMessage", pq.errorMessage);
  find("PQfinish", pq.finish);
  find("PQsetnonblocking", pq.setnonblocking);
  find("PQsendQueryParams", pq.sendQueryParams);
  find("PQsetSingleRowMode", pq.setSingleRowMode);
  find("PQflush", pq.flush);
  find("PQconsumeInput", pq.consumeInput);
  find("PQisBusy", pq.isBusy);
  find("PQgetResult", pq.getResult);
  find("PQresultStatus", pq.resultStatus);
  find("PQresultErrorField", pq.resultErrorField);
  find("PQntuples", pq.ntuples);
  find("PQnfields", pq.nfields);
  find("PQfname", pq.fname);
  find("PQftype", pq.ftype);
  find("PQgetisnull", pq.getisnull);
  find("PQgetvalue", pq.getvalue);
  find("PQgetlength", pq.getlength);
  find("PQcmdTuples", pq.cmdTuples);
  find("PQclear", pq.clear);
  find("PQgetCancel", pq.getCancel);
  find("PQcancel", pq.cancel);
  find("PQfreeCancel", pq.freeCancel);
  if (!whole) return CannotLoad();
  return pq;
}

}  // namespace

const Result<Libpq>& LoadLibpq() {
  static const Result<Libpq> loaded = Load();
  return loaded;
}

}  // namespace towline::handlers
