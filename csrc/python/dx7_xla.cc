#include "python/dx7_xla.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "dx7/patch.h"
#include "dx7/rows.h"
#include "python/dx7_renderer.h"
#include "render/note.h"
#include "render/row_sink.h"
#include "xla/ffi/api/ffi.h"

namespace synthrl::python {

namespace ffi = ::xla::ffi;

namespace {

class SharedRenderers {
 public:
  std::int64_t add(const std::shared_ptr<Renderer>& renderer) {
    const std::lock_guard lock(mutex_);
    std::erase_if(renderers_, [](const auto& entry) { return entry.second.expired(); });
    for (const auto& [number, known] : renderers_) {
      if (known.lock() == renderer) return number;
    }
    renderers_[next_] = renderer;
    return next_++;
  }

  std::shared_ptr<Renderer> find(std::int64_t number) {
    const std::lock_guard lock(mutex_);
    const auto entry = renderers_.find(number);
    return entry == renderers_.end() ? nullptr : entry->second.lock();
  }

 private:
  std::mutex mutex_;
  std::map<std::int64_t, std::weak_ptr<Renderer>> renderers_;
  std::int64_t next_ = 1;
};

SharedRenderers& shared_renderers() {
  static SharedRenderers renderers;
  return renderers;
}

using Presets = ffi::AnyBuffer;
using Integers = ffi::Buffer<ffi::DataType::S32>;
using Floats = ffi::Buffer<ffi::DataType::F32>;

std::vector<dx7::Patch> patches(const Presets& presets, const dx7::Plan& plan) {
  const std::size_t count = presets.element_count();
  if (presets.element_type() == ffi::DataType::U8) {
    return dx7::patches_from_packed({presets.typed_data<std::uint8_t>(), count});
  }
  return dx7::patches_from_values({presets.typed_data<float>(), count}, plan);
}

int midi(std::size_t row, const char* name, std::int32_t value) {
  if (value >= 0 && value <= 127) return value;
  throw std::invalid_argument("row " + std::to_string(row) + ", " + name + ": " +
                              std::to_string(value) + " is outside [0, 127]");
}

std::int64_t gate_samples(std::size_t row, float seconds, double sample_rate) {
  if (!(seconds >= 0.0f)) {
    throw std::invalid_argument("row " + std::to_string(row) +
                                ", gate_s: " + std::to_string(seconds) + " is not 0 or more");
  }
  constexpr double kForever = 0x1p62;
  const double samples = std::floor(static_cast<double>(seconds) * sample_rate + 0.5);
  return static_cast<std::int64_t>(std::min(samples, kForever));
}

void check_count(std::size_t count, std::size_t rows, const char* name) {
  if (count == rows) return;
  throw std::invalid_argument(std::string(name) + " must have " + std::to_string(rows) +
                              " values, not " + std::to_string(count));
}

ffi::Error render(Presets presets, Integers note, Integers velocity, Floats gate_s,
                  ffi::Result<Floats> audio, std::int64_t renderer_number,
                  std::int64_t fade_samples) {
  try {
    const std::shared_ptr<Renderer> renderer = shared_renderer(renderer_number);
    if (renderer == nullptr) throw std::invalid_argument("the renderer is closed");
    dx7::BatchRenderer& batch = renderer->batch;
    const std::vector<dx7::Patch> rows = patches(presets, batch.plan());
    check_count(note.element_count(), rows.size(), "note");
    check_count(velocity.element_count(), rows.size(), "velocity");
    check_count(gate_s.element_count(), rows.size(), "gate_s");
    std::vector<NoteEvent> events(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double sample_rate = batch.plan().sample_rate();
      events[i] = {.key = midi(i, "note", note.typed_data()[i]),
                   .velocity = midi(i, "velocity", velocity.typed_data()[i]),
                   .gate_samples = gate_samples(i, gate_s.typed_data()[i], sample_rate)};
    }
    const auto num_samples = static_cast<std::size_t>(audio->dimensions().back());
    MatrixSink sink(audio->typed_data(), num_samples);
    batch.render(rows, events, num_samples, static_cast<std::size_t>(fade_samples), sink,
                 [] { return true; });
    return ffi::Error::Success();
  } catch (const std::exception& error) {
    return ffi::Error(ffi::ErrorCode::kInvalidArgument, error.what());
  }
}

XLA_FFI_DEFINE_HANDLER(kRender, render,
                       ffi::Ffi::Bind()
                           .Arg<Presets>()
                           .Arg<Integers>()
                           .Arg<Integers>()
                           .Arg<Floats>()
                           .Ret<Floats>()
                           .Attr<std::int64_t>("renderer")
                           .Attr<std::int64_t>("fade_samples"));

}  // namespace

std::int64_t share_renderer(const std::shared_ptr<Renderer>& renderer) {
  return shared_renderers().add(renderer);
}

std::shared_ptr<Renderer> shared_renderer(std::int64_t number) {
  return shared_renderers().find(number);
}

void* xla_render_handler() { return reinterpret_cast<void*>(kRender); }

}  // namespace synthrl::python
