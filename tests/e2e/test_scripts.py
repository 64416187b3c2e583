"""Questions in scripts that are written without blanks find the comment that shares their words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import codesearch
from codesearch.library import Library

COMMENTS = {
    "zh/lamp.py": "根据环境亮度自动调节灯光强度",
    "zh/door.py": "访客按门铃后通知房主并录制短视频",
    "zh/heat.py": "室温低于设定值时启动地暖循环泵",
    "zh/water.py": "检测到漏水立即关闭进水阀门",
    "ja/lamp.rb": "周囲の明るさに合わせて照明を調整する",
    "ja/door.rb": "来客がベルを鳴らしたら家主に知らせる",
    "ja/heat.rb": "室温が設定値を下回ったら床暖房を動かす",
    "ja/water.rb": "水漏れを検知したら給水弁を閉じる",
    "ko/lamp.ts": "주변 밝기에 맞춰 조명의 세기를 조절한다",
    "ko/door.ts": "방문자가 초인종을 누르면 집주인에게 알린다",
    "ko/heat.ts": "실내 온도가 낮아지면 바닥 난방을 켠다",
    "ko/water.ts": "누수가 감지되면 급수 밸브를 잠근다",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("home")
    for path, comment in COMMENTS.items():
        file = folder / path
        file.parent.mkdir(exist_ok=True)
        name = f"step_{len(comment)}"
        file.write_text(
            {
                ".py": f"# {comment}\ndef {name}(value):\n    return value\n",
                ".rb": f"# {comment}\ndef {name}(value)\n  value\nend\n",
                ".ts": f"// {comment}\nexport function {name}(value: number) {{\n  return value;\n}}\n",
            }[file.suffix],
            encoding="utf-8",
        )
    opened = codesearch.open(data_dir=tmp_path_factory.mktemp("data"))
    opened.index(str(folder), name="home")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("漏水时怎么关闭阀门", "zh/water.py"),
        ("自动调节灯光", "zh/lamp.py"),
        ("地暖什么时候启动", "zh/heat.py"),
        ("门铃通知", "zh/door.py"),
        ("水漏れのときに給水弁はどこで閉じる", "ja/water.rb"),
        ("床暖房を動かす条件", "ja/heat.rb"),
        ("照明の調整", "ja/lamp.rb"),
        ("누수를 감지하면 밸브 잠금", "ko/water.ts"),
        ("초인종 누르기", "ko/door.ts"),
        ("난방은 언제 켜지나", "ko/heat.ts"),
    ],
)
def test_the_comment_that_shares_the_words_comes_first(library: Library, question: str, path: str) -> None:
    assert [hit.chunk.path for hit in library.search("home", question, top_k=1)] == [path]
