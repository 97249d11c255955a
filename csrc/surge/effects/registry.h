// All types of effects: their parameters, and how units are made.
#pragma once

#include <memory>

#include "surge/effects/effect.h"
#include "surge/patch.h"

namespace synthrl::surge {

struct EffectType {
  int id = 0;  // as in patches
  EffectParamTable params{};
  // Units of a type with one variant can take any model. Variants tell those that cannot.
  std::unique_ptr<EffectUnit> (*make)(const Plan& plan, int variant) = nullptr;

  // Gives a model read from an old patch its meaning; called with the revision of every patch.
  void (*migrate)(EffectModel& model, int revision) = nullptr;
  int (*variant_of)(const EffectModel& model) = nullptr;  // null: always 0
  bool (*has_variant)(int variant) = nullptr;             // null: has all
  // Whether it may sound without input.
  bool (*generates)(const EffectModel& model) = nullptr;  // null: never
  bool reads_other_scene = false;
};

// Null for types that are not rendered: sound passes them unchanged.
const EffectType* find_effect_type(int id);

// Whether a type and variant are rendered.
bool effect_is_rendered(int id, int variant);

// The effect in a slot, ready to start: values read by type, limited, migrated. `type` is 0 if
// there is none or it is not rendered.
EffectModel make_effect_model(const Patch& patch, int slot);

// Which unit plays a model.
int effect_variant(const EffectModel& model);

}  // namespace synthrl::surge
