#pragma once

#include <string>

#include "orchestrator/objects/descriptor.h"
#include "orchestrator/objects/local_files.h"

namespace towline::objects {

// A file that becomes an object when it is complete.
class LocalWriter : public ObjectWriter {
 public:
  // `bucket` is the bucket's folder. Folders on the way to the key are made.
  static Result<std::unique_ptr<ObjectWriter>> Open(const ObjectName& name, Descriptor bucket);
  ~LocalWriter() override;
  LocalWriter(const LocalWriter&) = delete;
  LocalWriter& operator=(const LocalWriter&) = delete;

  Status Write(std::string_view bytes) override;
  Result<ObjectInfo> Commit() override;

 private:
  LocalWriter(ObjectName name, std::string file_name, Descriptor folder)
      : name_(std::move(name)), file_name_(std::move(file_name)), folder_(std::move(folder)) {}
  Status Flush();

  const ObjectName name_;
  const std::string file_name_;  // the last part of the key
  const Descriptor folder_;
  std::string unfinished_;  // its name until then; empty: it has none any more
  Descriptor file_;
  std::string buffer_;
};

}  // namespace towline::objects
