"""The table of Haskell."""

from __future__ import annotations

from indexer.chunking.definitions import find_definitions
from indexer.chunking.languages.table import language_of
from indexer.chunking.parsing import SourceParser
from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

HASKELL = """\
{-# LANGUAGE CPP #-}
-- | Clients.
module Shop.Client
  ( Client (..)
  , retry
  ) where

import Data.Text (Text)

data Client = Client
  { url :: Text
  , retries :: !Int -- ^ how often
  }
  | Null
  deriving (Eq, Show)

newtype Id = Id { unId :: Int } deriving newtype Show

type Handler a = a -> IO ()

-- | Shapes.
class Shape a where
  -- | The area.
  area :: a -> Double
  name :: a -> String
  name _ = "x"
  {-# MINIMAL area #-}

instance Shape Client where
  area _ = 1.0
  name c = go c
    where go _ = "a"

-- | Retries.
retry :: Client -> Int -> IO ()
retry _ 0 = pure ()
retry c n
  | n > 0 = helper
  | otherwise = pure ()
  where
    helper = retry c (n - 1)

maxRetries :: Int
maxRetries = 3

{-# INLINE (<+>) #-}
(<+>) :: Int -> Int -> Int
a <+> b = a + b

infixl 6 <+>

type family Elem c :: Type where
  Elem [a] = a

data family F a
type instance Foo Int = Bool
data GADT a where
  MkInt :: Int -> GADT Int
  MkB :: Bool -> GADT Bool

deriving instance Show (GADT a)

pattern P :: Int -> Maybe Int
pattern P x = Just x

#if MIN_VERSION_base(4,9,0)
semi :: Int
semi = 1
#endif

foreign import ccall "math.h sin" c_sin :: Double -> Double
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Shop.Client", "module", 2, 6),
        ("Client", "type", 10, 15),
        ("Client.url", "field", 11, 11),
        ("Client.retries", "field", 12, 12),
        ("Id", "type", 17, 17),
        ("Id.unId", "field", 17, 17),
        ("Handler", "type", 19, 19),
        ("Shape", "class", 21, 27),
        ("Shape.area", "method", 24, 24),
        ("Shape.name", "method", 25, 26),
        ("Shape Client", "instance", 29, 32),
        ("Shape Client.area", "method", 30, 30),
        ("Shape Client.name", "method", 31, 32),
        ("Shape Client.name.go", "function", 32, 32),
        ("retry", "function", 34, 41),
        ("maxRetries", "constant", 43, 44),
        ("<+>", "function", 46, 48),
        ("Elem", "type", 52, 53),
        ("F", "type", 55, 55),
        ("Foo Int", "type", 56, 56),
        ("GADT", "type", 57, 59),
        ("P", "pattern", 63, 64),
        ("semi", "constant", 67, 68),
        ("c_sin", "function", 71, 71),
    ]
    assert found_in("Client.hs", HASKELL) == expected


def test_both_branches_of_the_preprocessor_are_read() -> None:
    language = language_of("Key.hs")
    assert language is not None
    assert language.repair is not None
    source = b"module Key where\n#ifdef MAP\nsize = M.size\n#else\nsize = H.size\n#endif\n"
    repaired = language.repair(source)
    assert repaired is not None
    assert len(repaired) == len(source)
    tree = SourceParser().parse(language, repaired)
    assert tree is not None
    [size] = [found for found in find_definitions(language, tree.root_node, source) if found.name == "size"]
    assert (size.start_line, size.end_line) == (3, 5)
    assert language.repair(b"module Key where\nsize = 1\n") is None


def test_documentation_above_belongs_to_the_definition() -> None:
    assert first_line_of("Client.hs", HASKELL, "retry") == "-- | Retries."
    assert first_line_of("Client.hs", HASKELL, "<+>") == "{-# INLINE (<+>) #-}"
