using Weir.DataPath.Image;

namespace Weir.Control.Images;

/// <summary>What making an image live asks for beyond its cells.</summary>
/// <param name="Flags">The low half of the <see cref="ActiveImage"/> word, without the slot.</param>
/// <param name="NewStateSlots">Slots of <see cref="DataPath.Maps.RuleStates"/> that must be zeroed before the image is live.</param>
/// <param name="RoutesLocalTranslations">Whether locally made packets may be given a destination on this host, which the kernel takes for martian
/// unless the loopback device accepts local sources.</param>
public record ImageFacts(uint Flags, IReadOnlyList<uint> NewStateSlots, bool RoutesLocalTranslations);
