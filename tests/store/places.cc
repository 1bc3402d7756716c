#include "tests/base/scratch.h"
#include "tests/store/store_suite.h"

namespace towline::store {
namespace {

class InMemory final : public Place {
 public:
  Backend& backend() override { return *backend_; }
  void Reopen() override {}

 private:
  std::unique_ptr<Backend> backend_ = OpenMemoryBackend(2);
};

class InDirectory final : public Place {
 public:
  Backend& backend() override { return *backend_; }
  void Reopen() override {
    backend_.reset();
    backend_ = OpenSqliteBackend(scratch_.path(), 7);  // the count is fixed since it was made
  }

 private:
  Scratch scratch_;
  std::unique_ptr<Backend> backend_ = OpenSqliteBackend(scratch_.path(), 2);
};

}  // namespace

std::unique_ptr<Place> MemoryPlace() { return std::make_unique<InMemory>(); }
std::unique_ptr<Place> SqlitePlace() { return std::make_unique<InDirectory>(); }

}  // namespace towline::store
