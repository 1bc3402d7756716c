#include "orchestrator/objects/item_source.h"

#include <boost/json/object.hpp>

#include "statemachines/mapdata/manifest.h"

namespace towline::objects {
namespace {

using mapdata::ItemReader;

constexpr std::size_t kManifestBytesMax = 64 << 20;

// Whatever went wrong, a Map Run shows it as the reader's failure.
Error AsReaderFailure(const Error& error) {
  return Error{error.code, error.message, mapdata::ReaderFailed("").name};
}

// An object's description as the service gives it to a child.
Json Description(const ObjectInfo& info) {
  const auto seconds = std::chrono::floor<Seconds>(info.last_modified).time_since_epoch().count();
  return Json(json::value{{"Etag", info.etag},
                          {"Key", info.key},
                          {"LastModified", static_cast<std::int64_t>(seconds)},
                          {"Size", info.size},
                          {"StorageClass", info.storage_class}});
}

// A folder that was made as an object, by a console for example. There is nothing in it.
bool IsFolderMark(const ObjectInfo& info) { return !info.key.empty() && info.key.back() == '/'; }

}  // namespace

ItemSource::ItemSource(ObjectStore& store, ItemReader reader, mapdata::ReaderPosition from)
    : store_(store),
      reader_(std::move(reader)),
      from_(std::move(from)),
      config_(reader_.config),
      items_(from_.items),
      objects_done_(from_.objects),
      listed_(from_.listed),
      ended_(from_.ended) {}

Result<std::unique_ptr<ItemSource>> ItemSource::Open(ObjectStore& store, ItemReader reader,
                                                     mapdata::ReaderPosition from) {
  std::unique_ptr<ItemSource> source(
      new ItemSource(store, std::move(reader), std::move(from)));
  if (source->ended_) return source;
  const ItemReader& field = source->reader_;
  if (field.api == ItemReader::Api::kListObjectsV2) {
    auto listing = store.List(
        {.bucket = field.bucket,
         .prefix = field.prefix,
         .start_after = source->listed_.empty() ? field.start_after : source->listed_,
         .etags = !field.config.load_and_flatten});
    if (!listing) return AsReaderFailure(listing.error());
    source->listing_ = std::move(*listing);
  } else if (field.config.manifest_type != mapdata::ManifestType::kNone) {
    if (Status read = source->ReadManifest(); !read) return AsReaderFailure(read.error());
  } else {
    source->objects_.push_back({.bucket = field.bucket, .key = field.key});
  }
  // Says at once that there is no such object.
  if (field.api == ItemReader::Api::kGetObject) {
    if (const auto opened = source->OpenObject(); !opened) return AsReaderFailure(opened.error());
  }
  return source;
}

Status ItemSource::ReadManifest() {
  const ObjectName name{.bucket = reader_.bucket, .key = reader_.key};
  auto object = store_.Get(name, {.version_id = reader_.version_id});
  if (!object) return object.error();
  std::string text;
  for (;;) {
    const auto chunk = (*object)->Next();
    if (!chunk) return chunk.error();
    if (chunk->empty()) break;
    text += *chunk;
    if (text.size() > kManifestBytesMax) {
      return mapdata::ReaderFailed(Uri(name) + ": a manifest may not be larger than " +
                                   std::to_string(kManifestBytesMax) + " bytes");
    }
  }
  auto manifest = mapdata::ReadManifest(reader_, text, Uri(name));
  if (!manifest) return manifest.error();
  config_ = std::move(manifest->config);
  for (mapdata::Manifest::Object& entry : manifest->objects) {
    objects_.push_back({.bucket = std::move(entry.bucket), .key = std::move(entry.key)});
  }
  return Ok();
}

Result<std::optional<Item>> ItemSource::Next() {
  if (reader_.config.max_items != 0 && items_ >= reader_.config.max_items) ended_ = true;
  if (ended_) return std::optional<Item>();
  const bool describes = listing_ && !reader_.config.load_and_flatten;
  auto item = describes ? NextDescription() : NextOfObjects();
  if (!item) return AsReaderFailure(item.error());
  if (!*item) {
    ended_ = true;
  } else {
    (*item)->index = items_++;
  }
  return item;
}

Result<std::optional<ObjectInfo>> ItemSource::NextListed() {
  if (page_.empty()) {
    auto page = listing_->NextPage();
    if (!page) return page.error();
    page_.assign(std::make_move_iterator(page->begin()), std::make_move_iterator(page->end()));
  }
  if (page_.empty()) return std::optional<ObjectInfo>();
  std::optional<ObjectInfo> next = std::move(page_.front());
  page_.pop_front();
  return next;
}

Result<std::optional<Item>> ItemSource::NextDescription() {
  auto info = NextListed();
  if (!info) return info.error();
  if (!*info) return std::optional<Item>();
  listed_ = (*info)->key;
  return std::optional(Item{.value = Description(**info), .source = "s3://" + reader_.bucket});
}

// False at the end.
Result<bool> ItemSource::OpenObject() {
  ObjectName name;
  if (listing_) {
    auto info = NextListed();
    while (info && *info && IsFolderMark(**info)) info = NextListed();
    if (!info) return info.error();
    if (!*info) return false;
    name = {.bucket = reader_.bucket, .key = (*info)->key};
  } else {
    if (objects_done_ >= objects_.size()) return false;
    name = objects_[objects_done_];
  }
  const bool manifest = reader_.config.manifest_type != mapdata::ManifestType::kNone;
  auto opened = ObjectItems::Open(store_, {.name = std::move(name),
                                           .version_id = manifest ? "" : reader_.version_id,
                                           .config = config_,
                                           .version = std::move(from_.version),
                                           .from = from_.in_object});
  from_.version.clear();
  from_.in_object = {};
  if (!opened) return opened.error();
  current_ = std::move(*opened);
  return true;
}

Result<std::optional<Item>> ItemSource::NextOfObjects() {
  for (;;) {
    if (!current_) {
      const auto opened = OpenObject();
      if (!opened) return opened.error();
      if (!*opened) return std::optional<Item>();
    }
    auto item = current_->Next();
    if (!item) return item.error();
    if (*item) {
      return std::optional(Item{.key = std::move((*item)->key),
                                .value = std::move((*item)->value),
                                .source = Uri(current_->name())});
    }
    if (listing_) {
      listed_ = current_->name().key;
    } else {
      objects_done_++;
    }
    current_.reset();
  }
}

mapdata::ReaderPosition ItemSource::position() const {
  mapdata::ReaderPosition position{.items = items_, .objects = objects_done_, .listed = listed_};
  position.ended = ended_;
  if (current_) {
    position.version = current_->version();
    position.in_object = current_->position();
  } else if (!ended_) {
    position.version = from_.version;
    position.in_object = from_.in_object;
  }
  return position;
}

}  // namespace towline::objects
